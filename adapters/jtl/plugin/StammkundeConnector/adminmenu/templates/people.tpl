<div class="card">
    <div class="card-body">
        <form method="get" action="{$adminURL}{$route}" class="form-inline mb-3">
            <input type="hidden" name="kPluginAdminMenu" value="{$stammkundeMenu}">
            <input type="search" class="form-control mr-2" name="search" size="45" maxlength="100"
                   value="{$stammkundeSearch|escape:'html'}" aria-label="{__('Find customers')}"
                   placeholder="{__('E-mail, customer number, first name, tag or code')}">
            <select class="custom-select mr-2" name="tag" aria-label="{__('Tag')}">
                <option value="">{__('All tags')}</option>
                {foreach $stammkundeTags as $entry}
                    <option value="{$entry.tag|escape:'html'}"{if $entry.tag === $stammkundeTag} selected{/if}>
                        {$entry.tag|escape:'html'} ({$entry.customers})
                    </option>
                {/foreach}
            </select>
            <button type="submit" class="btn btn-primary">{__('Find customers')}</button>
        </form>
        {if $stammkundeFound.total === 0}
            <div class="alert alert-info">
                {if $stammkundeSearch === '' && $stammkundeTag === ''}
                    {__('No customer has a tag or a code yet. Stammkunde writes them with its first push.')}
                {else}
                    {__('No customer with a tag or a code fits this search.')}
                {/if}
            </div>
        {else}
            <p>{__('Customers with tags or codes')}: {$stammkundeFound.total}</p>
            <div class="table-responsive">
                <table class="table table-striped">
                    <thead>
                    <tr>
                        <th>{__('Customer number')}</th>
                        <th>{__('Name')}</th>
                        <th>{__('E-mail')}</th>
                        <th>{__('Customer group')}</th>
                        <th>{__('Orders')}</th>
                        <th>{__('Tags')}</th>
                        <th>{__('Codes')}</th>
                    </tr>
                    </thead>
                    <tbody>
                    {foreach $stammkundeFound.people as $person}
                        <tr>
                            <td>{$person.number|default:$person.id|escape:'html'}</td>
                            <td>
                                {$person.first_name|escape:'html'} {$person.last_name|escape:'html'}
                                {if !$person.registered}<span class="text-muted">({__('guest')})</span>{/if}
                            </td>
                            <td>{$person.email|escape:'html'}</td>
                            <td>{$person.group|escape:'html'}</td>
                            <td>{$person.order_count}</td>
                            <td>
                                {foreach $person.tags as $tag}
                                    <span class="badge badge-secondary">{$tag|escape:'html'}</span>
                                {/foreach}
                            </td>
                            <td>
                                {foreach $person.codes as $code}
                                    <div>
                                        <code>{$code.code|escape:'html'}</code>
                                        {if $code.state === 'open'}<span class="badge badge-success">{__('open')}</span>
                                        {elseif $code.state === 'redeemed'}<span class="badge badge-primary">{__('redeemed')}</span>
                                        {elseif $code.state === 'off'}<span class="badge badge-light">{__('switched off')}</span>
                                        {else}<span class="badge badge-light">{__('deleted')}</span>{/if}
                                    </div>
                                {/foreach}
                            </td>
                        </tr>
                    {/foreach}
                    </tbody>
                </table>
            </div>
            {assign var=stammkundeQuery value="?kPluginAdminMenu=`$stammkundeMenu`&search=`$stammkundeSearch|escape:'url'`&tag=`$stammkundeTag|escape:'url'`"}
            {if $stammkundePage > 0}
                <a class="btn btn-outline-primary" href="{$adminURL}{$route}{$stammkundeQuery|escape:'html'}&amp;page={$stammkundePage - 1}">{__('Back')}</a>
            {/if}
            {if ($stammkundePage + 1) * $stammkundeSize < $stammkundeFound.total}
                <a class="btn btn-outline-primary" href="{$adminURL}{$route}{$stammkundeQuery|escape:'html'}&amp;page={$stammkundePage + 1}">{__('Next')}</a>
            {/if}
        {/if}
    </div>
</div>
