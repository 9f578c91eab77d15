<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector;

use Closure;
use JTL\Events\Dispatcher;
use JTL\Plugin\Bootstrapper;
use JTL\Session\Frontend;
use JTL\Shop as Core;
use JTL\Smarty\JTLSmarty;
use Plugin\StammkundeConnector\Admin\Backend;
use Plugin\StammkundeConnector\Feed\Source;
use Plugin\StammkundeConnector\Http\Api;
use Plugin\StammkundeConnector\Http\Door;
use Plugin\StammkundeConnector\Shop\Account;
use Plugin\StammkundeConnector\Shop\JtlDatabase;
use Plugin\StammkundeConnector\Shop\JtlShop;
use Plugin\StammkundeConnector\Shop\RequestEnd;
use Plugin\StammkundeConnector\Shop\Times;
use Plugin\StammkundeConnector\Webhooks\Watch;
use Throwable;

/**
 * Where the shop meets the plugin: routes, hooks and the backend tab.
 */
class Bootstrap extends Bootstrapper
{
    private const METHODS     = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
    private const NOT_FOR_YOU = 9;

    private ?Parts $parts = null;

    private ?Watch $watch = null;

    public function boot(Dispatcher $dispatcher)
    {
        parent::boot($dispatcher);
        $dispatcher->listen('shop.hook.' . \HOOK_GLOBALINCLUDE_INC, $this->door()->answerUnreadable(...));
        $dispatcher->listen('shop.hook.' . \HOOK_ROUTER_PRE_DISPATCH, $this->addRoutes(...));
        $this->watchOrders($dispatcher);
        $this->watchCustomers($dispatcher);
        RequestEnd::call(fn() => $this->watch()?->end(RequestEnd::isNobodyWaiting(...)));
        $dispatcher->listen('shop.hook.' . \HOOK_WARENKORB_PAGE_KUPONANNEHMEN_PLAUSI, $this->checkCoupon(...));
        $dispatcher->listen('shop.hook.' . \HOOK_JTL_PAGE_MEINKKONTO, $this->showCodes(...));
    }

    public function installed()
    {
        parent::installed();
        $this->parts()->coupons->adopt(\time());
    }

    public function renderAdminMenuTab(string $tabName, int $menuID, JTLSmarty $smarty): string
    {
        return (new Backend($this->parts(), $this->getPlugin()->getPaths()->getAdminPath()))
            ->render($tabName, $menuID, $smarty);
    }

    /** @param array<array-key, mixed> $args */
    private function addRoutes(array $args): void
    {
        foreach (['', '/{path:.*}'] as $i => $rest) {
            $args['router']->addRoute(Api::BASE . $rest, $this->door()->handle(...), 'stammkunde' . $i, self::METHODS);
        }
    }

    /** These make a change known to the second. What they miss, the next read notices. */
    private function watchOrders(Dispatcher $dispatcher): void
    {
        $hooks = [
            \HOOK_BESTELLABSCHLUSS_INC_BESTELLUNGINDB_ENDE,
            \HOOK_BESTELLUNGEN_XML_BEARBEITESTORNO,
            \HOOK_BESTELLUNGEN_XML_BEARBEITESET,
            \HOOK_BESTELLUNGEN_XML_BEARBEITEUPDATE,
            \HOOK_BESTELLUNGEN_XML_BEARBEITEINSERT,
            \HOOK_PAYMENT_METHOD_ADDINCOMINGPAYMENT,
        ];
        foreach ($hooks as $hook) {
            $dispatcher->listen('shop.hook.' . $hook, function (array $args): void {
                $this->watch()?->notice($this->parts()->orderSource(), (int)($args['oBestellung']->kBestellung ?? 0));
            });
        }
        $dispatcher->listen('shop.hook.' . \HOOK_BESTELLUNGEN_XML_HANDLEREACTIVATION, function (array $args): void {
            $this->noticeAtEnd($this->parts()->orderSource(...), static fn(): int => (int)($args['orderID'] ?? 0));
        });
        $dispatcher->listen('shop.hook.' . \HOOK_BESTELLUNGEN_XML_DELETEORDER, function (array $args): void {
            $this->noticeAtEnd($this->parts()->orderSource(...), static fn(): int => (int)($args['orderId'] ?? 0));
        });
    }

    /** Most hooks of customers come before they are stored, so these are looked at when the request ends. */
    private function watchCustomers(Dispatcher $dispatcher): void
    {
        $customers = fn(): Source => $this->parts()->customerSource();
        $stored    = [\HOOK_KUNDE_DB_INSERT => 'oKunde', \HOOK_SYNC_HANDLE_CUSTOMER_INSERTS => 'customer'];
        foreach ($stored as $hook => $name) {
            $dispatcher->listen('shop.hook.' . $hook, function (array $args) use ($customers, $name): void {
                $customer = $args[$name] ?? null;
                $this->noticeAtEnd($customers, static fn(): int => (int)($customer->kKunde ?? 0));
            });
        }
        foreach ([\HOOK_JTL_PAGE_KUNDENDATEN_PLAUSI, \HOOK_JTL_PAGE_KUNDENACCOUNTLOESCHEN] as $hook) {
            $dispatcher->listen('shop.hook.' . $hook, function () use ($customers): void {
                $id = (int)Frontend::getCustomer()->getID();
                $this->noticeAtEnd($customers, static fn(): int => $id);
            });
        }
        $dispatcher->listen('shop.hook.' . \HOOK_REGISTRATION_CUSTOMER_CREATED, function (array $args): void {
            $this->watch()?->notice($this->parts()->customerSource(), (int)($args['customerID'] ?? 0));
        });
    }

    /**
     * @param Closure(): Source $source
     * @param Closure(): int $id
     */
    private function noticeAtEnd(Closure $source, Closure $id): void
    {
        $this->watch()?->noticeAtEnd($source(), $id);
    }

    /** Null where it cannot be made: a checkout never fails because of us. */
    private function watch(): ?Watch
    {
        try {
            return $this->watch ??= $this->parts()->watch();
        } catch (Throwable) {
            return null;
        }
    }

    /** @param array<array-key, mixed> $args with references to what the shop found */
    private function checkCoupon(array $args): void
    {
        $code = $_POST['Kuponcode'] ?? '';
        if (\is_string($code) && $this->account()->isForAnother($code, Frontend::getCustomer()->getID())) {
            $args['error']        = ['ungueltig' => self::NOT_FOR_YOU];
            $args['nReturnValue'] = false;
        }
    }

    private function showCodes(): void
    {
        $customer = Frontend::getCustomer()->getID();
        if ($customer > 0 && $this->parts()->settings->showsCode()) {
            Core::Smarty()->assign('stammkundeCodes', $this->account()->openCodes($customer));
        }
    }

    private function door(): Door
    {
        return new Door(fn(): Api => $this->parts()->api());
    }

    private function account(): Account
    {
        $parts = $this->parts();

        return new Account($parts->database, $parts->shop, new Times($parts->shop));
    }

    private function parts(): Parts
    {
        return $this->parts ??= new Parts(
            new JtlDatabase($this->getDB()),
            new JtlShop($this->getDB(), $this->getPlugin()->getID()),
            (string)$this->getPlugin()->getMeta()->getVersion(),
        );
    }
}
