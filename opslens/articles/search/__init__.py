"""Search in titles and texts: `folding` says which words are equal, `index` keeps passages, `queries` asks."""
