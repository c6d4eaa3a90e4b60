"""Text → Understanding: normal forms, rules, a calibrated linear model over hashed n-grams, and the spaCy pipeline around them."""
