"""Every write of the twin, by noun. Each owns or joins the transaction that its docstring names."""
