"""What every PDF carries: the serif font (OFL, see serif-OFL.txt) and the sRGB profile. Built by `storage.pdf_parts.build`."""
