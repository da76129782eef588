"""What policies estimate from what they see."""
