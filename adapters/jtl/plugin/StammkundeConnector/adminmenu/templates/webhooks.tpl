<div class="card">
    <div class="card-header"><div class="subheading1">{__('Webhooks')}</div></div>
    <div class="card-body">
        <p>{__('With webhooks Stammkunde knows of a new order in a moment instead of with its next pull. A message names the record only, never a person. They are not needed: whatever is lost comes with the next pull.')}</p>
        {if !$stammkundeHook.able}<div class="alert alert-warning">{__('PHP on this server has no curl, so nothing can be sent.')}</div>{/if}
        {if $stammkundeHook.refusal !== null}<div class="alert alert-danger">{__($stammkundeHook.refusal)}</div>{/if}
        {if $stammkundeHook.secret !== null}
            <div class="alert alert-success">
                <p>{__('This is the secret. It is shown only once; put it into a file and name that as webhook_secret.')}</p>
                <code>{$stammkundeHook.secret|escape:'html'}</code>
            </div>
        {/if}
        {if $stammkundeHook.tested !== null}
            {if $stammkundeHook.tested >= 200 && $stammkundeHook.tested < 300}
                <div class="alert alert-success">{__('The test message was taken.')}</div>
            {else}
                <div class="alert alert-danger">
                    {if $stammkundeHook.tested === 0}{__('Nobody answered within two seconds. Is the address right, does the daemon run, and may this server make outgoing connections?')}
                    {elseif $stammkundeHook.tested === 401}{__('The receiver says that the signature is wrong: does webhook_secret hold this secret, and do the clocks of both computers agree?')}
                    {elseif $stammkundeHook.tested === 404}{__('The receiver does not know this shop: the address ends in /hooks/ and the name of the shop in stammkunde.toml.')}
                    {else}{__('The receiver answered with the status')} {$stammkundeHook.tested}.{/if}
                </div>
            {/if}
        {/if}
        {if $stammkundeHook.address !== null && $stammkundeHook.trouble !== []}
            <div class="alert alert-warning">
                {__('Not delivered since')} {$stammkundeHook.trouble.since|date_format:'%d.%m.%Y %H:%M'};
                {__('next attempt')} {$stammkundeHook.trouble.until|date_format:'%d.%m.%Y %H:%M'}.
            </div>
        {/if}
        <form method="post" action="{$adminURL}{$route}">
            {$jtl_token}
            <input type="hidden" name="kPluginAdminMenu" value="{$stammkundeMenu}">
            <input type="hidden" name="stammkunde_menu" value="{$stammkundeMenu}">
            <div class="form-group">
                <label for="stammkunde-webhook-address">{__('Address to send to')}</label>
                <input class="form-control" type="url" id="stammkunde-webhook-address" name="webhook_address" maxlength="500"
                       value="{$stammkundeHook.address|default:''|escape:'html'}" placeholder="https://your-host/hooks/laden">
            </div>
            {if $stammkundeHook.address === null}
                <button class="btn btn-primary" name="webhook" value="save">{__('Switch on')}</button>
            {else}
                <p>{__('Messages that wait')}: {$stammkundeHook.waiting}</p>
                <button class="btn btn-primary" name="webhook" value="save">{__('Save')}</button>
                <button class="btn btn-outline-primary" name="webhook" value="test">{__('Send a test message')}</button>
                <button class="btn btn-outline-primary" name="webhook" value="secret">{__('New secret')}</button>
                <button class="btn btn-outline-primary" name="webhook" value="off">{__('Switch off')}</button>
            {/if}
        </form>
    </div>
</div>
