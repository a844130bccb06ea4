"""What payers did with claims: remittances matched with what was sent, and the denials among them."""
