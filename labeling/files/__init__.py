"""Files of pairs: in, in every shape that people have, and out again."""
