using System.CommandLine;
using PolaFormer.Hub;

namespace PolaFormer.Cli;

/// <summary><c>fetch NAME</c>: a checkpoint from Hugging Face's hub into the cache.</summary>
internal static class FetchCommand
{
    public static Command Create()
    {
        var what = new Argument<string?>("NAME") { Arity = ArgumentArity.ZeroOrOne, Description = "A network whose weights the authors released, such as pola_pvt_tiny, or hf://OWNER/REPOSITORY[@REVISION]/FILE; without it, the names of the authors' files." };
        var refresh = new Option<bool>("--refresh") { Description = "Fetch the file although it is in the cache." };
        Option<bool> json = CommonOptions.JsonOutput();
        var command = new Command("fetch", "Fetch a checkpoint from the hub into the cache, and print its path.") { what, refresh, json };
        command.SetAction(parsed =>
        {
            bool asJson = parsed.GetValue(json);
            if (parsed.GetValue(what) is not { } name)
            {
                IReadOnlyList<string> files = HubFiles.List(AuthorsCheckpoints.Repository);
                if (asJson)
                    Json.Print(files);
                else
                    Console.WriteLine(string.Join('\n', files.Select(file => $"hf://{AuthorsCheckpoints.Repository}/{file}")));
                return;
            }

            HubAddress address = HubAddress.Is(name)
                ? HubAddress.Parse(name)
                : new HubAddress(AuthorsCheckpoints.Repository, HubAddress.DefaultRevision, AuthorsCheckpoints.Find(name, HubFiles.List(AuthorsCheckpoints.Repository)));
            string path = HubFiles.Fetch(address, parsed.GetValue(refresh));
            if (asJson)
                Json.Print(new { address = $"{address}", path });
            else
                Console.WriteLine(path);
        });
        return command;
    }
}
