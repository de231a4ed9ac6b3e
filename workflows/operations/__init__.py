"""What an operator does with campaigns: submit, watch, hold, retry, rescore, carry elsewhere."""
