"""The elastic model L2A (arXiv:2606.27743): a transformers network with gates, its training, evaluation and measurement."""
