"""What pages and the API both show, as the store has it: no request, no HTML."""
