{block name='account-my-account-head-data' append}
    {if !empty($stammkundeCodes)}
        {assign var=stammkundeTexts value=$oPlugin_StammkundeConnector->getLocalization()}
        <div class="alert alert-info stammkunde-codes">
            <strong>{$stammkundeTexts->getTranslation('stammkunde_your_code')}</strong>
            <ul class="list-unstyled mb-0">
                {foreach $stammkundeCodes as $stammkundeCode}
                    <li>
                        <code>{$stammkundeCode.code|escape:'html'}</code>
                        {$stammkundeCode.title|escape:'html'},
                        {$stammkundeTexts->getTranslation('stammkunde_valid_until')}
                        {$stammkundeCode.ends|date_format:'%d.%m.%Y'}
                    </li>
                {/foreach}
            </ul>
        </div>
    {/if}
{/block}
