"""The project being edited: one undo stack over a frozen Project, without widgets."""
