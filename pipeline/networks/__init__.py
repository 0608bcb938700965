"""What is trained: layers, architectures, and the networks that techniques make of them."""
