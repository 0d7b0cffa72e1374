"""What a deployment needs: image, compose, units, proxy, alerts, locks; the few programs here are for building them."""
