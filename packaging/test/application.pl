#!/usr/bin/perl
# A small application on 127.0.0.1:8000, in what every Debian has: it counts a visitor's pages, in a
# session of its own.
use strict;
use warnings;
use IO::Socket::INET;

my $listening = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 8000, Listen => 16, ReuseAddr => 1)
    or die "application: $!\n";
my %count;
while (my $client = $listening->accept) {
    my $head = '';
    while (my $line = <$client>) {
        last if $line =~ /^\r?\n$/;
        $head .= $line;
    }
    my ($session) = $head =~ /^Cookie:.*?\bsessionid=([a-z0-9]+)/mi;
    my $new = !(defined $session && $count{$session});
    $session = join '', map { ('a' .. 'z')[rand 26] } 1 .. 32 if $new;
    $count{$session}++;
    my $page = "<html><head><title>A</title></head><body>count=$count{$session}</body></html>";
    print $client "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: " . length($page) . "\r\n",
        $new ? "Set-Cookie: sessionid=$session; Path=/; HttpOnly; SameSite=Lax\r\n" : '',
        "Connection: close\r\n\r\n$page";
    close $client;
}
