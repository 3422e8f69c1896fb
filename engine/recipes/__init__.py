"""Ways to train that take more than one training, each made of ordinary ones."""
