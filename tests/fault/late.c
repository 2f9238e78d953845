/*
 * UDP of a telephone that waits for nothing: late_turn() is called now and then.
 */
#include "late.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/socket.h>

#define SDP \
	"v=0\r\no=- 1 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\n" \
	"m=audio %u RTP/AVP 0\r\n" /* here: nobody else's port */


static void send_text(const struct late *l, const char *text)
{
	(void)sendto(l->fd, text, strlen(text), 0,
		     (const struct sockaddr *)&l->engine, sizeof(l->engine));
}


static void request(const struct late *l, const char *method,
		    const char *branch, const char *sdp)
{
	char text[2048];

	(void)snprintf(text, sizeof(text),
		       "%s sip:alice@engine SIP/2.0\r\n"
		       "Via: SIP/2.0/UDP %s:%u;branch=z9hG4bKlate%s\r\n"
		       "From: <sip:+120255541@late>;tag=late\r\nTo: %s\r\n"
		       "Call-ID: late\r\nCSeq: 1 %s\r\nMax-Forwards: 70\r\n"
		       "Contact: <sip:late@%s:%u>\r\n%s"
		       "Content-Length: %zu\r\n\r\n%s",
		       method, l->ip, l->port, branch, l->to, method, l->ip,
		       l->port,
		       *sdp ? "Content-Type: application/sdp\r\n" : "",
		       strlen(sdp), sdp);
	send_text(l, text);
}


bool late_open(struct late *l, const char *ip, const char *local)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	char host[64] = "";
	unsigned port = 0;

	l->heard = l->refused = false;
	(void)snprintf(l->ip, sizeof(l->ip), "%s", ip);
	(void)snprintf(l->to, sizeof(l->to), "<sip:alice@late>");
	l->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0 || sscanf(local, "udp:%63[^:]:%u", host, &port) != 2)
		return false;
	l->engine.sin_family = AF_INET;
	l->engine.sin_port = htons((uint16_t)port);
	(void)inet_pton(AF_INET, host, &l->engine.sin_addr);
	(void)inet_pton(AF_INET, ip, &sin.sin_addr);
	if (bind(l->fd, (struct sockaddr *)&sin, len) ||
	    getsockname(l->fd, (struct sockaddr *)&sin, &len))
		return false;
	l->port = ntohs(sin.sin_port);

	return true;
}


void late_close(struct late *l)
{
	(void)close(l->fd);
}


void late_invite(struct late *l)
{
	request(l, "INVITE", "i", "");
}


/* The value of To in a response of ours, for the ACK. */
static void keep_to(struct late *l, const char *text)
{
	const char *to = strstr(text, "\r\nTo: ");

	if (to && strstr(to, ";tag="))
		(void)snprintf(l->to, sizeof(l->to), "%.*s",
			       (int)strcspn(to + 6, "\r"), to + 6);
}


static void answer_bye(const struct late *l, const char *text)
{
	const char *p = strstr(text, "\r\n");
	char ok[2048];

	(void)snprintf(ok, sizeof(ok), "SIP/2.0 200 OK%s", p ? p : "\r\n\r\n");
	send_text(l, ok);
}


void late_turn(struct late *l)
{
	char text[2000], sdp[256];
	ssize_t n;

	while ((n = recv(l->fd, text, sizeof(text) - 1, 0)) > 0) {
		text[n] = '\0';
		if (!strncmp(text, "BYE ", 4)) {
			answer_bye(l, text);
			continue;
		}
		l->heard = true;
		if (strncmp(text, "SIP/2.0 ", 8) || atoi(text + 8) < 200)
			continue;
		keep_to(l, text);
		(void)snprintf(sdp, sizeof(sdp), SDP, l->ip, l->ip, l->port);
		/* of another answer it is in the transaction of the INVITE */
		if (text[8] == '2')
			request(l, "ACK", "a", sdp);
		else
			request(l, "ACK", "i", "");
		l->refused |= text[8] != '2';
	}
}
