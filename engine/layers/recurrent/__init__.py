"""Layers that go through a sequence step by step: rnn, lstm, gru."""
