"""Pages that explain an edit, a procedure or drug code, or a reason code of a remittance."""
