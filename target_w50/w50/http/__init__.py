"""One exchange with W50 over HTTP, and whether to try again."""
