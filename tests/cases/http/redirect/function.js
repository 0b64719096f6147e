export default { fetch: (r) => Response.redirect("https://example.com/elsewhere", 307) };
