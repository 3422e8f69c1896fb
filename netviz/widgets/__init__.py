"""What several panels draw with; knows the theme, never a panel."""
