"""What has been claimed to cure the Reversal Curse, on one table."""
