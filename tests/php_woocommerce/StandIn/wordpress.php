<?php

/**
 * As much of WordPress and WooCommerce as the plugin touches: hooks, users' meta data, coupons.
 */

declare(strict_types=1);

final class World
{
    /** @var array<string, list<callable>> */
    public static array $hooks = [];
    /** @var array<int, array<string, mixed>> */
    public static array $users = [];
    /** @var array<int, WC_Coupon> */
    public static array $coupons = [];
    /** @var array<int, WC_Order> */
    public static array $orders = [];
    /** @var array<string, mixed> */
    public static array $boxes = [];
    /** @var array<string, array<string, mixed>> */
    public static array $routes = [];
    public static string $locale = 'en_US';
    public static int $queries = 0;
    public static bool $may = true;

    public static function reset(): void
    {
        self::$users = self::$coupons = self::$orders = self::$boxes = self::$routes = [];
        self::$locale = 'en_US';
        self::$queries = 0;
        self::$may = true;
        unset($GLOBALS['wp_list_table']);
    }

    /** @param mixed ...$values */
    public static function run(string $hook, ...$values)
    {
        foreach (self::$hooks[$hook] ?? [] as $callable) {
            $values[0] = $callable(...$values) ?? $values[0] ?? null;
        }
        return $values[0] ?? null;
    }
}

final class WP_User
{
    public function __construct(public int $ID)
    {
    }
}

final class WP_Post
{
    public function __construct(public int $ID)
    {
    }
}

class WooCommerce
{
}

final class WC_DateTime extends DateTime
{
}

class WC_Coupon
{
    /** @var array<string, mixed> */
    public array $data = [];

    /** @param int|array<string, mixed> $data */
    public function __construct($data)
    {
        $this->data = is_int($data) ? World::$coupons[$data]->data : $data;
    }

    public function get_id(): int
    {
        return $this->data['id'];
    }

    public function get_code(): string
    {
        return $this->data['code'];
    }

    public function get_meta(string $key)
    {
        return $this->data['meta'][$key] ?? '';
    }

    public function get_date_expires(): ?WC_DateTime
    {
        $expires = $this->data['expires'] ?? null;
        return $expires ? new WC_DateTime($expires) : null;
    }

    public function get_usage_limit(): int
    {
        return $this->data['limit'] ?? 1;
    }

    public function get_usage_count(): int
    {
        return $this->data['used'] ?? 0;
    }

    /** @return list<string> */
    public function get_email_restrictions(): array
    {
        return $this->data['emails'] ?? [];
    }
}

class WC_Order
{
    public function __construct(private int $customer, private string $email)
    {
    }

    public function get_customer_id(): int
    {
        return $this->customer;
    }

    public function get_billing_email(): string
    {
        return $this->email;
    }
}

function add_action(string $hook, callable $callable): void
{
    World::$hooks[$hook][] = $callable;
}

function add_filter(string $hook, callable $callable): void
{
    World::$hooks[$hook][] = $callable;
}

function get_user_meta(int $user, string $key)
{
    return World::$users[$user][$key] ?? '';
}

/** @return list<int> */
function get_posts(array $query): array
{
    World::$queries++;
    if ($query['post_type'] !== 'shop_coupon' || $query['post_status'] !== 'publish') {
        throw new LogicException('asked for something else');
    }
    [$condition, $ours] = $query['meta_query'];
    $found = array_filter(World::$coupons, static function (WC_Coupon $coupon) use ($condition, $ours): bool {
        if (!isset($coupon->data['meta'][$ours['key']])) {
            return false;
        }
        if ($condition['compare'] === 'LIKE') {
            return str_contains(strtolower(serialize($coupon->get_email_restrictions())), $condition['value']);
        }
        return in_array((string)$coupon->get_meta($condition['key']), $condition['value'], true);
    });
    return array_keys($found);
}

function wc_get_order(int $number): ?WC_Order
{
    return World::$orders[$number] ?? null;
}

function wc_get_page_screen_id(string $for): string
{
    return "woocommerce_page_wc-orders-$for";
}

function add_meta_box(string $id, string $title, callable $show, array $screens, string $context): void
{
    World::$boxes[$id] = compact('title', 'show', 'screens', 'context');
}

function register_rest_route(string $namespace, string $route, array $options): void
{
    World::$routes[$namespace . $route] = $options;
}

function current_user_can(string $what): bool
{
    return World::$may && $what === 'list_users';
}

function get_file_data(string $file, array $headers): array
{
    preg_match('/^ \* ' . $headers['version'] . ': (.*)$/m', (string)file_get_contents($file), $found);
    return ['version' => $found[1] ?? ''];
}

function determine_locale(): string
{
    return World::$locale;
}

function __(string $text, string $domain): string
{
    return World::run("gettext_$domain", $text, $text);
}

function esc_html(string $text): string
{
    return htmlspecialchars($text, ENT_QUOTES);
}

function esc_attr(string $text): string
{
    return htmlspecialchars($text, ENT_QUOTES);
}

function esc_url(string $text): string
{
    return str_replace('&', '&#038;', $text);
}

function get_edit_post_link(int $number, string $context): ?string
{
    return World::$may ? "https://shop.example/wp-admin/post.php?post=$number&action=edit" : null;
}

function get_option(string $name): string
{
    return ['date_format' => 'd.m.Y'][$name];
}

function wp_date(string $format, int $moment): string
{
    return gmdate($format, $moment);
}
