// As examples/hello.c, as a C++ host would write it.
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>
#include <sipdialer/sipdialer.h>

namespace {

void must(int err)
{
	if (err)
		throw std::runtime_error(sipdialer_last_error());
}

struct Destroy {
	void operator()(sipdialer *d) const { sipdialer_destroy(d); }
};

class Dialer {
public:
	Dialer()
	{
		sipdialer *d = nullptr;

		must(sipdialer_create(&d));
		d_.reset(d);
		must(sipdialer_on(d, SIPDIALER_EVENT_NONE, handler, this));
		must(sipdialer_start(d));
	}

	std::uint64_t call(const std::string &to,
			   const std::vector<std::string> &options)
	{
		std::vector<const char *> list;
		std::uint64_t id = 0;

		for (const auto &option : options)
			list.push_back(option.c_str());
		list.push_back(nullptr);
		must(sipdialer_call(d_.get(), to.c_str(), list.data(), &id));
		return id;
	}

	void run()
	{
		while (!ended_)
			sipdialer_dispatch(d_.get(), -1);
	}

private:
	static void handler(const sipdialer_event *event, void *arg)
	{
		std::string text(4096, '\0');
		const int n = sipdialer_event_json(event, &text[0],
						   text.size());

		text.resize(static_cast<std::size_t>(n));
		std::cout << text << '\n';
		if (event->type == SIPDIALER_EVENT_CALL_ENDED)
			static_cast<Dialer *>(arg)->ended_ = true;
	}

	std::unique_ptr<sipdialer, Destroy> d_;
	bool ended_ = false;
};

} // namespace

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;

	try {
		Dialer dialer;

		dialer.call(argv[1], {std::string("call.play=") + argv[2]});
		dialer.run();
	}
	catch (const std::exception &e) {
		std::cerr << e.what() << '\n';
		return 1;
	}
}
