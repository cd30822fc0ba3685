using System.CommandLine;
using System.CommandLine.Invocation;
using PolaFormer.Checkpoints;
using PolaFormer.Cuda;
using PolaFormer.Server;

RootCommand command = ServerCommand.Create(ServerHost.RunAsync);
ParseResult parsed = command.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
if (parsed.Errors.Count > 0 && parsed.Action is ParseErrorAction)
{
    Console.Error.WriteLine($"polaformer-server: {parsed.Errors[0].Message} See 'polaformer-server --help'.");
    return 1;
}

try
{
    // The host obeys signals itself, and answers what is under way.
    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (Exception error) when (error is CheckpointException or CudaException or ArgumentException or IOException or UnauthorizedAccessException or NotFiniteNumberException or System.Security.Cryptography.CryptographicException)
{
    Console.Error.WriteLine($"polaformer-server: {error.Message.ReplaceLineEndings(" ")}");
    return 1;
}
