/*
 * tests/model/hotplug.pml - the protocol of hot-plug as a model for spin: a host that plugs and asks
 * for a DIMM, the firmware's event method, the worker, a user, and CPUs that allocate, free and
 * touch pages through per-CPU lists all the while.
 *
 * tools/model runs it: whole, and once for every mutant below, each of which must be found wrong.
 * What is one step here is one critical section there: what the zone's lock guards is done in a
 * d_step, since nobody who takes the lock sees the middle of it.  The locks that are held over
 * several steps are modelled: hotplug_lock, an object's lock, the lock of a CPU's lists.
 *
 * Checked in every state: that a page handed out is nobody else's, that a block leaves empty, that no
 * transition happens which the table of block.c refuses, that what is touched is there.  Checked
 * whenever all has come to rest: that no lock is held, no page lost, no event and no request of
 * the host unanswered.  A deadlock is a rest with a lock held.
 *
 * With -DMEMORY a DIMM is there, two CPUs use it, and the shell takes it on and off line; with
 * -DPROTOCOL nobody uses memory, and host, firmware, worker and shell are there.
 *
 * With -DPROGRESS instead of that, by the two claims at the end, on every fair run (whoever can go on
 * goes on): a request of the host is answered, an offline comes to an end.  Who waits for
 * hotplug_lock gets it before who comes later then, since mutex_unlock() hands it over; and a list's
 * lock, which nobody waits for long, is not seen taken.
 *
 * Mutants (one macro each):
 *	NO_DRAIN	an offline does not drain the lists
 *	NO_CLOSE	pages of a zone with isolated blocks go on lists
 *	LATE_GIVE	a drained page is given to the zone after the list's lock is dropped
 *	NO_ISOLATE	free pages of a block that goes offline stay on the free lists
 *	NO_OWNER_LOCK	a page is moved without its owner's lock
 *	NO_SETTLE	after a batch nobody looks at the slots, nor runs the event method again
 *	NO_FLUSH	... looks, but does not run the method
 *	NO_RECHECK	auto-online believes in the device it has just added
 *	FORGET_WAITER	a refused eject is not answered
 *	LATE_NOTE	that the host waits is noted after the look at who holds the DIMM
 *	LEAK_LOCK	an interrupted offline returns with hotplug_lock held
 *	NO_HANDOVER	who waits for hotplug_lock may be overtaken, again and again
 */
#ifndef BLOCKS
#define BLOCKS 2	/* of the DIMM, a page each */
#endif
#ifndef BOOT
#define BOOT 1		/* pages of boot memory */
#endif
#ifndef USERS
#define USERS 2		/* CPUs with a thread that allocates, each with a list */
#endif
#define PAGES	(BLOCKS + BOOT)	/* page p < BLOCKS is block p's */
#define CPUS	USERS
#define NOBODY	255
#define NOPAGE	255

/* enum page_state */
#define NONE	 0
#define FREE	 1
#define USED	 2
#define PCP	 3
#define ISOLATED 4

/* enum block_state */
#define OFFLINE	      0
#define GOING_ONLINE  1
#define ONLINE	      2
#define GOING_OFFLINE 3

byte page[PAGES];		/* struct page.state */
byte owner[PAGES];		/* struct page.owner: the user, NOBODY */
byte bstate[BLOCKS];		/* struct memory_block.state */
byte isolating;			/* the zone's */
bit held;			/* the core has a device of the slot's number; it is mapped */

byte on_list[PAGES];		/* 1 + the CPU on whose list the page is; ghost of list->first */
bit pcp_lock[CPUS];
byte hold[USERS];		/* the page that a vm object has */
bit object_lock[USERS];
bit hotplug_lock;
bit waits;			/* the worker is in hotplug_lock's queue (PROGRESS) */

/* the slot's hardware and firmware */
bit present, inserting, removing, sci;
/* drivers/acpi: struct slot, and the queue of works */
bit refused, sta_before, host_waits;
bit manual;			/* policy eject=manual */
bit asked;			/* ghost: device_del was called and has had no final answer */
#define WORK_CHECK  0
#define WORK_EJECT  1
#define WORK_SETTLE 2
bit queued[3];
chan works = [3] of { byte };

/* ---- mm/hotplug/block.c: block_request() ---- */

#define allowed(from, to) ( \
	(from == OFFLINE && to == GOING_ONLINE) || \
	(from == GOING_ONLINE && (to == ONLINE || to == OFFLINE)) || \
	(from == ONLINE && to == GOING_OFFLINE) || \
	(from == GOING_OFFLINE && (to == OFFLINE || to == ONLINE)))

inline set_state(a_b, a_to)
{
	assert(allowed(bstate[a_b], a_to));
	bstate[a_b] = a_to
}

/* mutex_lock() by the worker begins; what it does with the lock follows, in one step. */
inline queue_up()
{
#if defined(PROGRESS) && !defined(NO_HANDOVER)
	waits = 1
#else
	skip
#endif
}

/* For the shell, who comes later. */
#define overtakes (!hotplug_lock && !waits)

inline unlock(a_l) { d_step { assert(a_l == 1); a_l = 0 } }

/* ---- mm/buddy.c: zone's lock held ---- */

#define going(p) (p < BLOCKS && isolating > 0 && bstate[p] == GOING_OFFLINE)

/* free_locked(), free_piece_isolating() */
inline buddy_free_locked(a_p)
{
	assert(page[a_p] == USED || page[a_p] == PCP);
	assert(a_p >= BLOCKS || bstate[a_p] == ONLINE || bstate[a_p] == GOING_OFFLINE);
	owner[a_p] = NOBODY;
	on_list[a_p] = 0;
	if
	:: going(a_p) -> page[a_p] = ISOLATED
	:: else -> page[a_p] = FREE
	fi
}

/* ---- mm/pcp.c ---- */

#define listed(p, c) (p < PAGES && on_list[p] == c + 1)
#define is_free(p)   (p < PAGES && page[p] == FREE)

/*
 * drain_cpu(): the list of CPU c goes to the zone.  One step: its lock is held all the while, and
 * who finds it taken does not wait (page_free()) or would only wait (take()).
 */
inline drain_cpu(a_c)
{
#ifdef LATE_GIVE
	do	/* wrong: off the list, and then to the zone; `late` is on its way */
	:: atomic { pcp_lock[a_c] == 0 && late == NOPAGE && listed(0, a_c) -> late = 0; on_list[0] = 0 };
		d_step { buddy_free_locked(late); late = NOPAGE }
	:: atomic { pcp_lock[a_c] == 0 && !listed(0, a_c) -> break }
	od
#else
	atomic {
		pcp_lock[a_c] == 0;
		d_step {
			i = 0;
			do
			:: i < PAGES ->
				if
				:: on_list[i] == a_c + 1 -> buddy_free_locked(i)
				:: else
				fi;
				i++
			:: else -> break
			od;
			i = 0
		}
	}
#endif
}

/* pcp_drain() of every CPU's list, one after the other. */
inline drain_all()
{
	drain_cpu(0);
#if CPUS > 1
	drain_cpu(1)
#endif
}

inline to_list(a_p, a_c)
{
	page[a_p] = PCP;
	owner[a_p] = NOBODY;
	on_list[a_p] = a_c + 1
}

/* pcp_give_out(): the page is u's. */
inline give_out(a_p, a_u)
{
	assert(page[a_p] == PCP && owner[a_p] == NOBODY);
	on_list[a_p] = 0;
	owner[a_p] = a_u;
	page[a_p] = USED
}

/*
 * pcp_take(), and pcp_refill() with buddy_take_batch(), on CPU c.  One step: the list's lock is
 * held throughout, and the zone is looked at once.  A refill may bring a second page.
 */
inline take(a_c, a_u, a_got)
{
	atomic {
		pcp_lock[a_c] == 0;
		if
		:: listed(0, a_c) -> a_got = 0
		:: listed(1, a_c) -> a_got = 1
		:: listed(2, a_c) -> a_got = 2
		:: listed(3, a_c) -> a_got = 3
		:: !listed(0, a_c) && !listed(1, a_c) && !listed(2, a_c) && !listed(3, a_c) ->
			if
			:: is_free(0) -> a_got = 0
			:: is_free(1) -> a_got = 1
			:: is_free(2) -> a_got = 2
			:: is_free(3) -> a_got = 3
			:: !is_free(0) && !is_free(1) && !is_free(2) && !is_free(3)
			fi;
			if
			:: a_got != NOPAGE -> to_list(a_got, a_c)
			:: else
			fi;
			if
			:: a_got != NOPAGE && is_free(0) -> to_list(0, a_c)
			:: a_got != NOPAGE && is_free(1) -> to_list(1, a_c)
			:: true
			fi
		fi;
		if
		:: a_got != NOPAGE -> give_out(a_got, a_u)
		:: else
		fi
	}
}

/* ---- mm/alloc.c ---- */

/* page_alloc(): this CPU's list, the zone, then what the other CPUs have on their lists. */
inline page_alloc(a_c, a_u, a_got)
{
	take(a_c, a_u, a_got);
	if
	:: a_got == NOPAGE && (on_list[0] + on_list[1] + on_list[PAGES - 1] != 0) ->
		drain_all();
		take(a_c, a_u, a_got)
	:: else
	fi
}

/* page_free(): pcp_put(), or, where the list's lock is taken, buddy_free(). */
inline page_free(a_c, a_p)
{
	assert(page[a_p] == USED);
	if
#ifdef PROGRESS
	:: d_step { isolating == 0 -> to_list(a_p, a_c); a_p = NOPAGE }
#else
	:: atomic {
		pcp_lock[a_c] == 0 -> pcp_lock[a_c] = 1;
		if
#ifdef NO_CLOSE
		:: true -> closed = 0
#else
		:: true -> closed = (isolating != 0)
#endif
		fi }
		/* here the offline may raise `isolating` */
		d_step {
			pcp_lock[a_c] = 0;
			if
			:: closed
			:: else -> to_list(a_p, a_c); a_p = NOPAGE
			fi;
			closed = 0
		};
		if
		:: a_p != NOPAGE -> d_step { buddy_free_locked(a_p) }
		:: else
		fi
#endif
	:: d_step { buddy_free_locked(a_p) }
	fi
}

/* ---- who uses memory: mm/vm/object.c under object->lock, on CPU `me` ---- */

#define there(p) (page[p] == USED && (p >= BLOCKS || held))

proctype user_of_pages(byte me)
{
	byte p = NOPAGE, i;
	bit closed;
#ifdef LATE_GIVE
	byte late = NOPAGE;
#endif

	do
	:: atomic { hold[me] == NOPAGE && !object_lock[me] -> object_lock[me] = 1 };
		page_alloc(me, me, p);
	d_step { hold[me] = p; p = NOPAGE; object_lock[me] = 0 }
	:: d_step { hold[me] != NOPAGE -> assert(there(hold[me]) && owner[hold[me]] == me) }
	:: d_step { hold[me] != NOPAGE && !object_lock[me] ->
			object_lock[me] = 1; p = hold[me]; hold[me] = NOPAGE };
		page_free(me, p);
	d_step { p = NOPAGE; object_lock[me] = 0 }
	:: drain_cpu(me)	/* pcp_spill() */
	:: break
	od
}

/* ---- mm/hotplug/online.c ---- */

/*
 * online_begin() of blocks first..last, listeners, online_commit(): hotplug_lock held.  One step,
 * since only a block that is online is anybody else's business.
 */
inline online(a_first, a_last)
{
	d_step {
		i = a_first;
		do
		:: i <= a_last ->
			if
			:: bstate[i] == OFFLINE ->
				set_state(i, GOING_ONLINE);
				set_state(i, ONLINE);	/* block_enter_zone() */
				assert(page[i] == NONE && owner[i] == NOBODY && on_list[i] == 0);
				page[i] = FREE
			:: else -> assert(bstate[i] == ONLINE)
			fi;
			i++
		:: else -> break
		od;
		i = 0
	}
}

/* ---- mm/hotplug/offline.c, mm/vm/migrate.c ---- */

/* block_isolate(), under the zone's lock. */
inline isolate(a_b)
{
	d_step {
		set_state(a_b, GOING_OFFLINE);
		isolating++;
#ifndef NO_ISOLATE
		if
		:: page[a_b] == FREE -> page[a_b] = ISOLATED
		:: else
		fi
#endif
	}
}

/* migrate_chunk() of block b's page: its owner's lock is tried under the zone's, so that the owner
 * exists.  On CPU 0.  err: whether to give up. */
inline migrate(a_b, a_err)
{
	do
	:: page[a_b] != USED -> break
	:: atomic { page[a_b] == USED && object_lock[owner[a_b]] == 1;
		a_err = 1 };	/* busy: tries and time are bounded */
		break
	:: atomic { page[a_b] == USED && object_lock[owner[a_b]] == 0 ->
		o = owner[a_b];
#ifndef NO_OWNER_LOCK
		object_lock[o] = 1
#endif
		};
		page_alloc(0, o, to);
		if
		:: to == NOPAGE -> a_err = 1 /* putback */
		:: else ->
			d_step { assert(hold[o] == a_b); hold[o] = to; to = a_b };
			page_free(0, to);
			to = NOPAGE
		fi;
		d_step {
#ifndef NO_OWNER_LOCK
			object_lock[o] = 0;
#endif
			o = 0
		};
		break
	od
}

/* block_putback(), or block_leave_zone(), of every block that was on its way. */
inline finish(a_err)
{
	d_step {
		i = 0;
		do
		:: i < BLOCKS ->
			if
			:: bstate[i] == GOING_OFFLINE && a_err ->
				set_state(i, ONLINE);
				isolating--;
				if
				:: page[i] == ISOLATED -> page[i] = FREE
				:: else
				fi
			:: bstate[i] == GOING_OFFLINE && !a_err ->
				assert(page[i] == ISOLATED && on_list[i] == 0);
				page[i] = NONE;
				set_state(i, OFFLINE);
				isolating--
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0
	}
}

/* offline_range() of blocks first..last: hotplug_lock held.  err: refused, all is as it was. */
inline offline(a_first, a_err)
{
	a_err = 0;
	b = a_first;
	do	/* block_isolate() */
	:: b < BLOCKS ->
		if
		:: bstate[b] == ONLINE -> isolate(b)
		:: else
		fi;
		b++
	:: b == BLOCKS -> break
	od;
#ifndef NO_DRAIN
	drain_all();
#endif
	b = a_first;
	do	/* block_migrate() */
	:: b < BLOCKS && !a_err ->
		if
		:: bstate[b] == GOING_OFFLINE -> migrate(b, a_err)
		:: else
		fi;
		b++
	:: b == BLOCKS || a_err -> break
	od;
	if	/* still_wanted(): interrupted, or out of time */
	:: a_err = 1
	:: true
	fi;
	d_step {
		b = a_first;
		do	/* block_verify_isolated() */
		:: b < BLOCKS ->
			if
			:: bstate[b] == GOING_OFFLINE && page[b] == USED -> a_err = 1
			:: else
			fi;
			b++
		:: else -> break
		od;
		b = 0
	};
	finish(a_err)
}

/* ---- mm/hotplug/add.c, eject.c: hotplug_lock held ---- */

#define all_offline (bstate[0] == OFFLINE && bstate[BLOCKS - 1] == OFFLINE)

/* memory_device_add(): the slot must have no device. */
inline device_add(a_err)
{
	if
	:: assert(!held); held = 1
	:: a_err = 1	/* refused: no sense in what the firmware says, or a listener's veto */
	fi
}

/* What the host asked for is settled: an answer by _OST, or the DIMM is gone. */
inline answer_eject() { asked = 0 }

/* _EJ0 */
inline eject_hardware()
{
	present = 0;
	inserting = 0;
	removing = 0
}

/* eject_held() with memdev_eject() in it. */
inline device_eject(a_err)
{
	if
	:: !held -> a_err = 1	/* -ENODEV */
	:: else ->
		offline(0, a_err);
		if
		:: a_err
		:: else ->
			d_step { assert(all_offline && isolating == 0); held = 0 };
			if
			:: d_step { eject_hardware(); host_waits = 0; answer_eject() }
			:: d_step { host_waits = 0; answer_eject(); a_err = 1; held = 1 };
				online(0, BLOCKS - 1)	/* it stays: bring_back() */
			fi
		fi
	fi
}

/* ---- drivers/acpi/notify.c ---- */

inline work_queue(a_k)
{
	if
	:: queued[a_k] == 0 -> queued[a_k] = 1; works!a_k
	:: else
	fi
}

/*
 * \_GPE._E03 of QEMU: of a slot one cause a time, insertion first, and only the method resets it; each
 * Notify ends in notify_handler().
 */
inline event_method()
{
	if
	:: inserting -> inserting = 0; work_queue(WORK_CHECK)
	:: !inserting && removing -> removing = 0; work_queue(WORK_EJECT)
	:: !inserting && !removing
	fi
}

/* ---- drivers/acpi/memdev.c ---- */

/* slot_is_held(): one step, since hotplug_lock is dropped at once. */
inline slot_is_held(a_h)
{
	queue_up();
	atomic { hotplug_lock == 0 -> waits = 0; a_h = held }
}

/* memdev_check(), insert() */
inline memdev_check(a_notified)
{
	slot_is_held(h);
	d_step {
		if
		:: a_notified || present != sta_before -> refused = 0
		:: else
		fi;
		sta_before = present
	};
	if
	:: sta_before && !h && !refused ->
		queue_up();
		atomic { hotplug_lock == 0 -> waits = 0; device_add(err) };
		if
		:: err -> d_step { refused = 1; err = 0 }
		:: else ->	/* memory_device_auto_online() by slot: it may have left again */
			queue_up();
			atomic {
				hotplug_lock == 0 -> waits = 0;
				if
#ifdef NO_RECHECK
				:: true -> assert(held); online(0, BLOCKS - 1)
#else
				:: held -> online(0, BLOCKS - 1)
#endif
				:: !held
				fi
			}
		fi
	:: else
	fi;
	h = 0
}

/* note_request(): one step, so that no eject of the shell's comes between look and note. */
inline note_request(a_h)
{
	queue_up();
#ifdef LATE_NOTE
	atomic { hotplug_lock == 0 -> waits = 0; a_h = held };
	host_waits = a_h
#else
	atomic { hotplug_lock == 0 -> waits = 0; a_h = held; host_waits = held }
#endif
}

/* memdev_eject_request(), eject_unheld() */
inline memdev_eject_request()
{
	note_request(h);
	if
	:: !h ->
		if	/* eject_unheld(): it holds nothing of ours */
		:: d_step { present -> eject_hardware(); answer_eject() }
		:: d_step { true -> refused = present; answer_eject() }
		fi
	:: else ->
		if
		:: manual	/* answered "pending": it is for the user now */
		:: else ->
			queue_up();
			atomic { hotplug_lock == 0 -> waits = 0; hotplug_lock = 1 };
			device_eject(err);
			unlock(hotplug_lock);
			d_step {
				if
#ifndef FORGET_WAITER
				:: err && host_waits -> answer_eject()
#endif
				:: else
				fi;
				host_waits = 0;
				err = 0
			}
		fi
	fi;
	h = 0
}

/* The thread "hotplug": serve() and settle(). */
proctype worker()
{
	byte k, b, o, to = NOPAGE, i;
	bit h, err, closed;
#ifdef LATE_GIVE
	byte late = NOPAGE;
#endif

end_idle:
	do
	:: atomic { works?k -> queued[k] = 0 };
		if
		:: k == WORK_CHECK -> memdev_check(1)
		:: k == WORK_EJECT -> memdev_eject_request()
		:: k == WORK_SETTLE ->
#ifndef NO_SETTLE
			memdev_check(0);
#ifndef NO_FLUSH
			d_step { event_method() };
#endif
#endif
			skip
		fi;
		d_step {
			if
			:: k != WORK_SETTLE -> work_queue(WORK_SETTLE)
			:: else
			fi;
			k = 0
		}
	od
}

/* The SCI, and ACPICA's deferred method on the thread "acpi".  Where the ring is full, which it is
 * only while the worker has much to do, the event is lost. */
proctype acpi()
{
end_idle:
	do
	:: d_step { sci -> sci = 0; event_method() }
	:: d_step { sci && queued[WORK_SETTLE] -> sci = 0 }	/* acpi_os_execute(): no room */
	od
}

/* QEMU: device_add, device_del. */
proctype host()
{
	do
	:: d_step { !present -> present = 1; inserting = 1; sci = 1 }
	:: d_step { present && !removing && !asked -> removing = 1; asked = 1; sci = 1 }
	:: break
	od
}

/* The shell: online, offline, eject. */
proctype shell()
{
	byte b, o, to = NOPAGE, i;
	bit err, closed;
#ifdef LATE_GIVE
	byte late = NOPAGE;
#endif

	do
	:: atomic { overtakes && held -> online(0, BLOCKS - 1) }
	:: atomic { overtakes && held -> online(0, 0) }
	:: atomic { overtakes && held -> hotplug_lock = 1 };
		if
		:: true -> offline(0, err)
#if BLOCKS > 1
		:: true -> offline(BLOCKS - 1, err)
#endif
		:: true -> device_eject(err)
		fi;
#ifdef LEAK_LOCK
		if
		:: err -> break
		:: else
		fi;
#endif
	d_step { err = 0; hotplug_lock = 0 }
	:: break
	od
}

/* ---- when all has come to rest ---- */

#define page_kept(p) ( \
	(p < BLOCKS && bstate[p] != ONLINE && page[p] == NONE) || \
	((p >= BLOCKS || bstate[p] == ONLINE) && ( \
		(page[p] == FREE && owner[p] == NOBODY && on_list[p] == 0) || \
		(page[p] == PCP && owner[p] == NOBODY && on_list[p] != 0) || \
		(page[p] == USED && owner[p] != NOBODY && hold[owner[p]] == p && \
		 on_list[p] == 0))))

proctype at_rest()
{
	byte i;

	timeout;
	d_step {
		assert(!hotplug_lock && isolating == 0 && len(works) == 0 && !sci);
		for (i : 0 .. USERS - 1) {
			assert(!object_lock[i] && !pcp_lock[i])
		}
		for (i : 0 .. PAGES - 1) {
			assert(page_kept(i))
		}
		assert(!inserting && !removing);	/* no event is left behind */
		assert(!present || held || refused);	/* a DIMM is taken in, or refused */
		assert(!asked || (manual && host_waits));
		assert(!host_waits || held)	/* a request does not outlive its DIMM */
	}
}

init {
	byte i;

	atomic {
		for (i : 0 .. PAGES - 1) {
			owner[i] = NOBODY;
			page[i] = (i < BLOCKS -> NONE : FREE)
		}
		for (i : 0 .. USERS - 1) {
			hold[i] = NOPAGE;
#ifndef PROTOCOL	/* nobody uses memory: the host, the firmware and the shell alone */
			run user_of_pages(i)
#endif
		}
		i = 0;
#ifdef MEMORY	/* a DIMM is there, and the firmware does nothing */
		present = 1;
		held = 1;
#else
		queued[WORK_SETTLE] = 1;	/* the look at every slot at boot */
		works!WORK_SETTLE;
		if
		:: manual = 0
		:: manual = 1
		fi;
		run worker();
		run acpi();
		run host();
#endif
		run shell();
		run at_rest()
	}
}

#ifdef PROGRESS
ltl answered { [] (asked -> <> (!asked || (manual && host_waits))) }
ltl offline_ends { [] (isolating > 0 -> <> (isolating == 0)) }
#endif
