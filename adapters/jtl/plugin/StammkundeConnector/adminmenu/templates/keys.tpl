{if $stammkundeNewKey !== null}
    <div class="alert alert-success">
        <p>{__('This is the new key. Copy it now: it is shown this once and cannot be shown again.')}</p>
        <p><code id="stammkunde-new-key">{$stammkundeNewKey|escape:'html'}</code></p>
    </div>
{/if}
<div class="card">
    <div class="card-header"><div class="subheading1">{__('New key')}</div></div>
    <div class="card-body">
        <p>{__('Stammkunde needs the address of this interface and a key.')}</p>
        <p>{__('Address')}: <code>{$stammkundeAddress|escape:'html'}</code></p>
        <form method="post" action="{$adminURL}{$route}">
            {$jtl_token}
            <input type="hidden" name="kPluginAdminMenu" value="{$stammkundeMenu}">
            <input type="hidden" name="stammkunde_menu" value="{$stammkundeMenu}">
            <div class="form-group">
                <label for="stammkunde-name">{__('Name of the key')}</label>
                <input class="form-control" id="stammkunde-name" name="name" maxlength="100" placeholder="Stammkunde">
            </div>
            <fieldset class="form-group">
                <legend class="col-form-label">{__('What the key may do')}</legend>
                {foreach $stammkundeScopes as $scope}
                    <div class="custom-control custom-checkbox">
                        <input class="custom-control-input" type="checkbox" name="scopes[]" value="{$scope}"
                               id="stammkunde-scope-{$scope}"{if $scope !== 'groups'} checked{/if}>
                        <label class="custom-control-label" for="stammkunde-scope-{$scope}">
                            {if $scope === 'read'}{__('Read customers, orders, products and our coupons')}
                            {elseif $scope === 'tags'}{__('Add and remove tags')}
                            {elseif $scope === 'coupons'}{__('Create coupons, extend them and switch them off')}
                            {else}{__('Move customers between the customer groups named in the settings')}{/if}
                        </label>
                    </div>
                {/foreach}
            </fieldset>
            <button type="submit" class="btn btn-primary">{__('Create key')}</button>
        </form>
    </div>
</div>
<div class="card">
    <div class="card-header"><div class="subheading1">{__('Keys')}</div></div>
    <div class="card-body">
        {if empty($stammkundeKeys)}
            <div class="alert alert-info">{__('There is no key yet.')}</div>
        {else}
            <table class="table">
                <thead>
                <tr><th>{__('Name of the key')}</th><th>{__('Begins with')}</th><th>{__('Scopes')}</th><th>{__('Created')}</th><th>{__('Last used')}</th><th></th></tr>
                </thead>
                <tbody>
                {foreach $stammkundeKeys as $key}
                    <tr>
                        <td>{$key.name|escape:'html'}</td>
                        <td><code>skj_{$key.id|escape:'html'}_</code></td>
                        <td>{$key.scopes|escape:'html'}</td>
                        <td>{$key.created|date_format:'%d.%m.%Y %H:%M'}</td>
                        <td>{if $key.used !== null}{$key.used|date_format:'%d.%m.%Y %H:%M'}{else}{__('never')}{/if}</td>
                        <td>
                            <form method="post" action="{$adminURL}{$route}">
                                {$jtl_token}
                                <input type="hidden" name="kPluginAdminMenu" value="{$stammkundeMenu}">
                                <input type="hidden" name="stammkunde_menu" value="{$stammkundeMenu}">
                                <button class="btn btn-outline-primary btn-sm" name="revoke" value="{$key.id|escape:'html'}">{__('Revoke')}</button>
                            </form>
                        </td>
                    </tr>
                {/foreach}
                </tbody>
            </table>
        {/if}
    </div>
</div>
