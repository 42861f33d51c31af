"""Outside of publication: keys, signatures in PDFs, credentials."""
