"""Newsletter tools and the owner's own, each in a package of its own that knows none of the others."""
