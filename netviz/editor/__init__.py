"""The drawn networks and the forms beside them."""
