"""An owner's agents."""
