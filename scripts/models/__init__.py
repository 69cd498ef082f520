"""How the bundled model in `index/models/` was made; none of it is needed to run the product."""
