/*
 * The bit fields of a request, for request_bits.rs, which says why they are read and set in C.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


#define GET(bit)                                                              \
    ngx_uint_t                                                                \
    ngx_http_shared_session_get_##bit(const ngx_http_request_t *r)            \
    {                                                                         \
        return r->bit;                                                        \
    }

#define SET(bit)                                                              \
    void                                                                      \
    ngx_http_shared_session_set_##bit(ngx_http_request_t *r, ngx_uint_t value)\
    {                                                                         \
        r->bit = (value != 0);                                                \
    }


GET(header_only)
GET(internal)

SET(allow_ranges)
SET(disable_not_modified)
SET(header_only)
SET(keepalive)
SET(main_filter_need_in_memory)

#if (NGX_HTTP_GZIP)
SET(gzip_ok)
SET(gzip_tested)
#endif
