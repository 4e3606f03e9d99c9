"""How files come in: two doors, one set of acts behind them."""
