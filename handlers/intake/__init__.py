"""From open wire objects to commands, checked, bound and sealed: what the edge does before an owner decides. Pure."""
