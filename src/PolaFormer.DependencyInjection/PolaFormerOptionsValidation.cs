using Microsoft.Extensions.Options;

namespace PolaFormer.DependencyInjection;

/// <summary>Says what is wrong with options before a network is loaded.</summary>
internal sealed class PolaFormerOptionsValidation : IValidateOptions<PolaFormerOptions>
{
    public ValidateOptionsResult Validate(string? name, PolaFormerOptions options)
    {
        string[] failures =
        [
            .. options.Checkpoint.Length == 0 ? ["Checkpoint is empty. Name a .safetensors or .pth file."] : Array.Empty<string>(),
            .. AtLeast(1, nameof(options.PixelLimit), options.PixelLimit),
            .. AtLeast(1, nameof(options.ByteLimit), options.ByteLimit),
            .. AtLeast(1, nameof(options.Threads), options.Threads),
            .. AtLeast(1, nameof(options.Parallelism), options.Parallelism),
            .. AtLeast(1, nameof(options.BatchSize), options.BatchSize),
            .. AtLeast(1, nameof(options.Capacity), options.Capacity),
            .. options.BatchDelay < TimeSpan.Zero ? [$"BatchDelay is {options.BatchDelay}; it is at least 0."] : Array.Empty<string>(),
        ];
        return failures.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures.Select(failure => $"PolaFormer{(string.IsNullOrEmpty(name) ? "" : $" '{name}'")}: {failure}"));
    }

    private static string[] AtLeast(long least, string name, long value) => value >= least ? [] : [$"{name} is {value}; it is at least {least}."];
}
