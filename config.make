# For nginx's own build, after config: how make calls cargo. Always: cargo knows what has changed.

cat << END >> $NGX_MAKEFILE

.PHONY:	$ngx_shared_session_lib

$ngx_shared_session_lib:
	NGINX_SOURCE_DIR="\$\$(pwd)" NGINX_BUILD_DIR="\$\$(cd $NGX_OBJS && pwd)" \\
	$ngx_shared_session_cargo rustc --locked --release --lib --crate-type staticlib \\
		--no-default-features \\
		--manifest-path "$ngx_addon_dir/Cargo.toml" --package ngx_http_shared_session_module \\
		--target-dir "$ngx_shared_session_target"
END

if [ -n "$ngx_shared_session_linked" ]; then
    cat << END >> $NGX_MAKEFILE

$ngx_shared_session_linked:	$ngx_shared_session_lib
END
fi
