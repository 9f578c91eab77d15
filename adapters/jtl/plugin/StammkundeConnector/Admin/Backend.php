<?php

declare(strict_types=1);

namespace Plugin\StammkundeConnector\Admin;

use JTL\Helpers\Form;
use JTL\Helpers\Request;
use JTL\Smarty\JTLSmarty;
use Plugin\StammkundeConnector\Access\Keys;
use Plugin\StammkundeConnector\Http\Api;
use Plugin\StammkundeConnector\Parts;

/**
 * The plugin's page in the shop's backend: who has which tags and codes, keys, settings.
 */
final class Backend
{
    public function __construct(private readonly Parts $parts, private readonly string $adminPath)
    {
    }

    public function render(string $tabName, int $menuId, JTLSmarty $smarty): string
    {
        $smarty->assign('stammkundeMenu', $menuId);

        return match ($tabName) {
            'Stammkunden'        => $this->people($menuId, $smarty),
            'API keys'           => $this->keys($menuId, $smarty),
            'Connector settings' => $this->settings($menuId, $smarty),
            default              => '',
        };
    }

    private function people(int $menuId, JTLSmarty $smarty): string
    {
        $isHere = Request::gInt('kPluginAdminMenu') === $menuId;
        $search = $isHere ? \mb_substr(self::query('search'), 0, 100) : '';
        $tag    = $isHere ? \mb_substr(self::query('tag'), 0, 100) : '';
        $page   = $isHere ? \min(\max(0, Request::gInt('page')), 100_000) : 0;
        $people = new People($this->parts->database, $this->parts->customers());

        return $smarty->assign('stammkundePage', $page)
            ->assign('stammkundeSearch', $search)
            ->assign('stammkundeTag', $tag)
            ->assign('stammkundeTags', $this->parts->tags->counts())
            ->assign('stammkundeFound', $people->page($search, $tag, $page))
            ->assign('stammkundeSize', People::PAGE)
            ->fetch($this->adminPath . 'templates/people.tpl');
    }

    private function keys(int $menuId, JTLSmarty $smarty): string
    {
        $new = null;
        if ($this->isPosted($menuId) && Request::pString('revoke') !== '') {
            $this->parts->keys->revoke(Request::pString('revoke'));
        } elseif ($this->isPosted($menuId)) {
            $scopes = \array_filter((array)($_POST['scopes'] ?? []), '\is_string');
            $name   = \trim(Request::pString('name'));
            $new    = $this->parts->keys->create($name === '' ? 'Stammkunde' : $name, \array_values($scopes), \time());
        }

        return $smarty->assign('stammkundeNewKey', $new)
            ->assign('stammkundeKeys', $this->parts->keys->all())
            ->assign('stammkundeScopes', Keys::SCOPES)
            ->assign('stammkundeAddress', $this->parts->shop->url() . Api::BASE)
            ->fetch($this->adminPath . 'templates/keys.tpl');
    }

    private function settings(int $menuId, JTLSmarty $smarty): string
    {
        $settings = $this->parts->settings;
        $webhooks = new WebhookCard($this->parts);
        $isPosted = $this->isPosted($menuId);
        $isHook   = $isPosted && Request::pString('webhook') !== '';
        if ($isHook) {
            $webhooks->act(Request::pString('webhook'), Request::pString('webhook_address'));
        } elseif ($isPosted && Request::pString('release') !== '') {
            $settings->releaseInstallation();
        } elseif ($isPosted) {
            $settings->setShowsCode(Request::pString('show_code') === 'yes');
            $settings->setMovableGroups(\array_values(\array_map('intval', (array)($_POST['groups'] ?? []))));
        }

        $webhooks->assign($smarty);

        return $smarty->assign('stammkundeSaved', $isPosted && !$isHook)
            ->assign('stammkundeShowsCode', $settings->showsCode())
            ->assign('stammkundeGroups', $this->parts->groups->all())
            ->assign('stammkundeInstallation', $settings->installation())
            ->fetch($this->adminPath . 'templates/settings.tpl')
            . $smarty->fetch($this->adminPath . 'templates/webhooks.tpl');
    }

    /** A form of this tab was sent, from this session. */
    private function isPosted(int $menuId): bool
    {
        return Request::pInt('stammkunde_menu') === $menuId && Form::validateToken();
    }

    private static function query(string $name): string
    {
        $value = $_GET[$name] ?? '';

        return \is_string($value) ? $value : '';
    }
}
