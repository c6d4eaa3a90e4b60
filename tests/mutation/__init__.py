"""Bugs made by hand, one at a time: the suite has to notice every one of them."""
