"""What goes wrong with an expression."""


class ExpressionError(Exception):
    """The text is not of the language, or its values do not fit the operation. The message is for designers."""
