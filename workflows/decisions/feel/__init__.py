"""FEEL, the Friendly Enough Expression Language: text to a typed tree, the tree to closures.

lexer (text to tokens) > grammar (tokens to nodes) > compiler (nodes to closures over a Frame).

Reference  DMN 1.5 §10
"""
