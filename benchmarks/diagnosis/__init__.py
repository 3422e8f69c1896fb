"""Healthy and faulty runs with a label each, and how well the diagnosis tells them apart."""
