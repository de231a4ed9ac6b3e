"""What a campaign will take, told from its input and a small sample before it starts."""
