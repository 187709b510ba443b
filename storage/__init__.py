"""What is kept: database, object store, archive packages, signatures, fixity."""
