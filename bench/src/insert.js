// The tags before </head>, as njs's documentation has it.
const TAGS = '@tags@';

function header(r) {
    delete r.headersOut['Content-Length'];
}

function body(r, data, flags) {
    const at = data.indexOf('</head>');
    if (at < 0) {
        r.sendBuffer(data, flags);
        return;
    }
    r.sendBuffer(data.slice(0, at) + TAGS + data.slice(at), flags);
    r.done();
}

export default { header, body };
