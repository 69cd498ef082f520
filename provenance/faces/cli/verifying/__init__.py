"""What `provenance verify` is made of: what was named (`subjects`, `pins`), how it is judged (`certificates`,
`pictures`), and how that is told (`telling`). Content credentials, images and the network load on first use."""
