-- The tags before </head>, as lua-nginx-module's documentation has it.
if ngx.ctx.is_inserted then
    return
end
local chunk = ngx.arg[1]
local at = string.find(chunk, "</head>", 1, true)
if at then
    ngx.arg[1] = string.sub(chunk, 1, at - 1) .. '@tags@' .. string.sub(chunk, at)
    ngx.ctx.is_inserted = true
end
