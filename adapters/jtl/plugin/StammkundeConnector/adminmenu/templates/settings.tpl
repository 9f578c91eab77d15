{if $stammkundeSaved}<div class="alert alert-success">{__('Saved.')}</div>{/if}
<div class="card">
    <div class="card-body">
        <form method="post" action="{$adminURL}{$route}">
            {$jtl_token}
            <input type="hidden" name="kPluginAdminMenu" value="{$stammkundeMenu}">
            <input type="hidden" name="stammkunde_menu" value="{$stammkundeMenu}">
            <fieldset class="form-group">
                <legend class="col-form-label">{__('Account page')}</legend>
                <div class="custom-control custom-checkbox">
                    <input class="custom-control-input" type="checkbox" name="show_code" value="yes" id="stammkunde-show-code"{if $stammkundeShowsCode} checked{/if}>
                    <label class="custom-control-label" for="stammkunde-show-code">{__('Show customers their open codes on their account page')}</label>
                </div>
            </fieldset>
            <fieldset class="form-group">
                <legend class="col-form-label">{__('Customer groups between which customers may be moved')}</legend>
                <div class="alert alert-warning">{__('A customer group decides prices, visibility and payment methods, and JTL-Wawi overwrites a group set here with its next transfer. Name dealers\' groups never. Without at least two groups nobody is moved.')}</div>
                {foreach $stammkundeGroups as $group}
                    <div class="custom-control custom-checkbox">
                        <input class="custom-control-input" type="checkbox" name="groups[]" value="{$group.id|escape:'html'}" id="stammkunde-group-{$group.id|escape:'html'}"{if $group.movable} checked{/if}>
                        <label class="custom-control-label" for="stammkunde-group-{$group.id|escape:'html'}">
                            {$group.name|escape:'html'}{if $group.net_prices} ({__('net prices')}){/if}
                        </label>
                    </div>
                {/foreach}
            </fieldset>
            <button type="submit" class="btn btn-primary">{__('Save')}</button>
        </form>
    </div>
</div>
<div class="card">
    <div class="card-header"><div class="subheading1">{__('Installation that writes to this shop')}</div></div>
    <div class="card-body">
        {if $stammkundeInstallation === null}
            <p>{__('None has written yet. The first one that does becomes the only one that may.')}</p>
        {else}
            <p><code>{$stammkundeInstallation|escape:'html'}</code></p>
            <p>{__('Two installations would undo each other\'s tags. Release this one if you moved Stammkunde to another computer.')}</p>
            <form method="post" action="{$adminURL}{$route}">
                {$jtl_token}
                <input type="hidden" name="kPluginAdminMenu" value="{$stammkundeMenu}">
                <input type="hidden" name="stammkunde_menu" value="{$stammkundeMenu}">
                <button class="btn btn-outline-primary" name="release" value="yes">{__('Release')}</button>
            </form>
        {/if}
    </div>
</div>
