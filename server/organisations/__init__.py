"""单位: firms, streets and departments by their codes; what everybody else calls them."""
