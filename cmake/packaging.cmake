# What `cmake --install` lays out, and the Debian package that CPack makes of it; scripts/build_package builds it.
include(GNUInstallDirs)

# The package is made of the daemon alone: do not build every test program for it.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)

set(packaging ${CMAKE_SOURCE_DIR}/packaging)
set(generated ${CMAKE_BINARY_DIR}/packaging)
file(MAKE_DIRECTORY ${generated})

# Beside nginx on one machine: by AF_UNIX, as docker/nginx/chat-gateway.conf expects it.
file(READ ${CMAKE_SOURCE_DIR}/config/chat-gateway.json config)
set(packaged "${config}")
string(REPLACE "\"port\": 7000," "\"port\": 0," packaged "${packaged}")
string(REPLACE "\"unix_socket\": \"\"," "\"unix_socket\": \"/run/chat-gateway/public.sock\"," packaged "${packaged}")
if(NOT packaged MATCHES "\"port\": 0," OR NOT packaged MATCHES "public\\.sock")
  message(FATAL_ERROR "config/chat-gateway.json has changed; adapt cmake/packaging.cmake")
endif()
file(WRITE ${generated}/chat-gateway.json "${packaged}")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
             ${CMAKE_SOURCE_DIR}/config/chat-gateway.json ${CMAKE_SOURCE_DIR}/CHANGELOG.md)

configure_file(${packaging}/chat-gateway.8.in ${generated}/chat-gateway.8 @ONLY)
# Debian wants these compressed, and reproducibly.
configure_file(${CMAKE_SOURCE_DIR}/CHANGELOG.md ${generated}/changelog COPYONLY)
execute_process(COMMAND gzip -9nkf chat-gateway.8 changelog WORKING_DIRECTORY ${generated} COMMAND_ERROR_IS_FATAL ANY)

install(TARGETS chat-gateway RUNTIME DESTINATION bin)
install(FILES ${packaging}/systemd/chat-gateway.service ${packaging}/systemd/chat-gateway.socket
        ${packaging}/systemd/chat-gateway-admin.socket DESTINATION /usr/lib/systemd/system)
install(FILES ${generated}/chat-gateway.json DESTINATION /etc/chat-gateway)
install(FILES ${packaging}/environment DESTINATION /etc/chat-gateway PERMISSIONS OWNER_READ OWNER_WRITE)
install(FILES ${generated}/chat-gateway.8.gz DESTINATION share/man/man8)
install(FILES ${generated}/changelog.gz ${packaging}/debian/copyright ${CMAKE_SOURCE_DIR}/README.md DESTINATION share/doc/chat-gateway)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs DESTINATION share/doc/chat-gateway)
install(FILES ${CMAKE_SOURCE_DIR}/config/chat-gateway.schema.json DESTINATION share/chat-gateway)
install(FILES ${CMAKE_SOURCE_DIR}/config/sc-market.json DESTINATION share/chat-gateway)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docker/nginx ${CMAKE_SOURCE_DIR}/config/grafana ${CMAKE_SOURCE_DIR}/config/prometheus ${CMAKE_SOURCE_DIR}/config/postgres
        DESTINATION share/chat-gateway)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME chat-gateway)
set(CPACK_PACKAGE_VENDOR "chat-gateway")
set(CPACK_PACKAGE_CONTACT "chat-gateway contributors <chat-gateway@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Socket.IO-compatible chat gateway")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Keeps the sockets of a chat in the place of a Node.js server: browsers connect\nwith the stock socket.io-client, an Express back end publishes through Redis\nor by HTTP.")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/package)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_SET_DESTDIR ON)  # for what lies outside of /usr
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "nginx, redis-server, postgresql")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    "${packaging}/debian/conffiles;${packaging}/debian/postinst;${packaging}/debian/prerm;${packaging}/debian/postrm")
include(CPack)
