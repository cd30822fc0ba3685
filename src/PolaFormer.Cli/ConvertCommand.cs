using System.CommandLine;
using PolaFormer.Checkpoints;
using PolaFormer.Files;
using PolaFormer.Tensors;

namespace PolaFormer.Cli;

/// <summary><c>convert IN OUT</c>: between .pth and .safetensors, optionally in half precision.</summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        var input = new Argument<string>("IN") { Description = "A .safetensors or .pth file." };
        var output = new Argument<string>("OUT") { Description = "The file to write; its ending chooses the format." };
        var half = new Option<bool>("--half") { Description = "Store floating-point tensors as float16." };
        var bfloat16 = new Option<bool>("--bfloat16") { Description = "Store floating-point tensors as bfloat16." };
        var command = new Command("convert", "Convert a checkpoint between .pth and .safetensors.") { input, output, half, bfloat16 };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(half) && parsed.GetValue(bfloat16))
                throw new ArgumentException("--half and --bfloat16 exclude each other.");
            DType? type = parsed.GetValue(half) ? DType.Float16 : parsed.GetValue(bfloat16) ? DType.BFloat16 : null;
            CommonOptions.CheckOutputs([("OUT", parsed.GetValue(output), "")], parsed.GetValue(input));
            using IDisposable signals = UnfinishedFiles.RemoveOnSignals();
            CheckpointConverter.Convert(parsed.GetValue(input)!, parsed.GetValue(output)!, type);
            Console.WriteLine($"{parsed.GetValue(output)}: {new FileInfo(parsed.GetValue(output)!).Length:N0} bytes");
        });
        return command;
    }
}
